#![no_main]

maskarad_libfuzzer::fuzzed!("tokenizer_vocabulary");
