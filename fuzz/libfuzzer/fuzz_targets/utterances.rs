#![no_main]

maskarad_libfuzzer::fuzzed!("utterances");
