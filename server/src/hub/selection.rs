//! Which of a repository's files a checkpoint, or an adapter, needs. Pure.

/// Taken where they are there.
const BESIDES: [&str; 8] = [
    "generation_config.json",
    "tokenizer.json",
    "vocab.json",
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "README.md",
];

/// Names of the files to fetch, or what is missing.
pub(super) fn choose(files: &[String]) -> Result<Vec<String>, &'static str> {
    let there = |name: &str| files.iter().any(|file| file == name);
    let mut chosen: Vec<String> = if there("adapter_config.json") && !there("config.json") {
        if !there("adapter_model.safetensors") {
            return Err("its adapter has no adapter_model.safetensors");
        }
        vec!["adapter_config.json".to_owned(), "adapter_model.safetensors".to_owned()]
    } else {
        if !there("config.json") {
            return Err("it has no config.json");
        }
        [vec!["config.json".to_owned()], weights(files)?].concat()
    };
    chosen.extend(BESIDES.iter().filter(|name| there(name)).map(|name| (*name).to_owned()));
    Ok(chosen)
}

/// Safetensors before pickles, whole before sharded.
fn weights(files: &[String]) -> Result<Vec<String>, &'static str> {
    let formats = [("model.safetensors", "model-", ".safetensors"), ("pytorch_model.bin", "pytorch_model-", ".bin")];
    for (whole, prefix, suffix) in formats {
        if files.iter().any(|file| file == whole) {
            return Ok(vec![whole.to_owned()]);
        }
        let index = format!("{whole}.index.json");
        if files.contains(&index) {
            // A name with a slash lies in a folder, and isn't this checkpoint's.
            let is_shard =
                |file: &&String| file.starts_with(prefix) && file.ends_with(suffix) && !file.contains(['/', '\\']);
            return Ok([index].into_iter().chain(files.iter().filter(is_shard).cloned()).collect());
        }
    }
    Err("it has neither model.safetensors nor pytorch_model.bin")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(files: &[&str]) -> Result<Vec<String>, &'static str> {
        choose(&files.iter().map(|file| (*file).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn one_kind_of_weights_is_enough() {
        let files =
            ["config.json", "flax_model.msgpack", "pytorch_model.bin", "model.safetensors", "vocab.json", "../x"];
        assert_eq!(chosen(&files).unwrap(), ["config.json", "model.safetensors", "vocab.json"]);
        assert_eq!(chosen(&["config.json", "pytorch_model.bin"]).unwrap(), ["config.json", "pytorch_model.bin"]);
    }

    #[test]
    fn shards_come_with_their_index() {
        let files = [
            "config.json",
            "model.safetensors.index.json",
            "model-00001-of-00002.safetensors",
            "model-../../x.safetensors",
        ];
        assert_eq!(
            chosen(&files).unwrap(),
            ["config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors"]
        );
    }

    #[test]
    fn an_adapter_needs_its_own_two() {
        let files = ["adapter_config.json", "adapter_model.safetensors", "tokenizer.json"];
        assert_eq!(chosen(&files).unwrap(), files);
        assert!(chosen(&["adapter_config.json"]).is_err());
        assert!(chosen(&["README.md"]).is_err() && chosen(&["config.json"]).is_err());
    }
}
