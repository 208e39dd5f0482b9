#![no_main]

maskarad_libfuzzer::fuzzed!("adapter_config");
