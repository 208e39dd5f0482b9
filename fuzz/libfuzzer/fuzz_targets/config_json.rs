#![no_main]

maskarad_libfuzzer::fuzzed!("config_json");
