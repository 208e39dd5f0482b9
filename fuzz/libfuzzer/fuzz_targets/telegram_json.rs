#![no_main]

maskarad_libfuzzer::fuzzed!("telegram_json");
