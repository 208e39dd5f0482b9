//! A new tokenizer, learned from a corpus: byte-level BPE with ruGPT3's special tokens at its front, in both forms that
//! Hugging Face writes. Knows the tokens a template needs, and nothing of models.

use std::path::Path;

use maskarad_dialog::Format;
use serde_json::json;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Model, Tokenizer};

use super::RunError;
use crate::corpus::record::Reader;
use crate::files::{self, FileError};

/// Special tokens, by their ids: pad 0, bos 1, eos 2 as in ruGPT3.
const SPECIAL: [&str; 5] = ["<pad>", "<s>", "</s>", "<unk>", "<mask>"];

/// A pair of tokens that stands together less often isn't worth a token.
const LEAST_FREQUENCY: u64 = 2;

/// Learns a tokenizer of at most `vocab_size` tokens from the texts of `corpus`, and writes it into `folder`. Returns how
/// many tokens it has.
///
/// # Errors
/// A corpus that can't be read or has no text; a folder that can't be written to.
pub fn write_new(corpus: &Path, format: &Format, vocab_size: usize, folder: &Path) -> Result<usize, RunError> {
    let failed =
        |error: tokenizers::Error| RunError::NewTokenizer { path: corpus.to_owned(), problem: error.to_string() };
    let mut tokenizer = Tokenizer::new(BPE::default());
    tokenizer
        .with_pre_tokenizer(Some(ByteLevel::new(false, true, true)))
        .with_decoder(Some(ByteLevel::new(false, true, true)))
        .with_post_processor(Some(ByteLevel::new(false, false, true)));
    let own = format.template.tokens().iter().copied().filter(|token| !SPECIAL.contains(token));
    let special = SPECIAL.into_iter().chain(own);
    let trainer = BpeTrainer::builder()
        .show_progress(false)
        .vocab_size(vocab_size)
        .min_frequency(LEAST_FREQUENCY)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .special_tokens(special.map(|token| AddedToken::from(token, true)).collect())
        .build();
    let mut problem = None;
    let texts = texts(corpus, format, &mut problem)?;
    tokenizer.train(&mut TrainerWrapper::BpeTrainer(trainer), texts).map_err(failed)?;
    if let Some(error) = problem {
        return Err(error);
    }
    std::fs::create_dir_all(folder).map_err(FileError::at(folder))?;
    tokenizer.save(folder.join("tokenizer.json"), false).map_err(failed)?;
    tokenizer.get_model().save(folder, None).map_err(failed)?;
    write_descriptions(folder)?;
    Ok(tokenizer.get_vocab_size(true))
}

/// The texts of a corpus, as the template's rules leave them. Ends at the first bad line, which is left in `problem`.
fn texts<'a>(
    corpus: &Path,
    format: &'a Format,
    problem: &'a mut Option<RunError>,
) -> Result<impl Iterator<Item = String> + Send + use<'a>, RunError> {
    let mut reader = Reader::open(corpus)?;
    let dialogues = std::iter::from_fn(move || match reader.next()? {
        Ok(dialogue) => Some(dialogue),
        Err(error) => {
            *problem = Some(error.into());
            None
        }
    });
    Ok(dialogues.flat_map(|dialogue| dialogue.turns).map(|turn| format.rules.apply(&turn.text)))
}

/// What names the special tokens to Hugging Face.
fn write_descriptions(folder: &Path) -> Result<(), RunError> {
    let map = json!({
        "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>",
    });
    let mut config = map.clone();
    config["tokenizer_class"] = json!("GPT2Tokenizer");
    config["add_prefix_space"] = json!(false);
    config["clean_up_tokenization_spaces"] = json!(false);
    for (name, value) in [("special_tokens_map.json", map), ("tokenizer_config.json", config)] {
        files::write(&folder.join(name), serde_json::to_vec_pretty(&value).expect("it is plain data"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use maskarad_dialog::Template;

    use super::*;
    use crate::corpus::record::{Author, Dialogue, Turn, Writer};

    fn corpus(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("c.jsonl");
        let mut writer = Writer::create(&path).unwrap();
        for n in 0..50 {
            let author = Author { id: "a".to_owned(), name: None };
            let text = format!("Привет, как дела? Нас уже {n} 😀");
            let turns = vec![Turn { author, time: None, text, context: false }];
            writer.write(&Dialogue { source: String::new(), turns, toxicity: None }).unwrap();
        }
        writer.commit().unwrap();
        path
    }

    #[test]
    fn both_forms_are_read_by_the_engine_and_agree() {
        let folder = tempfile::tempdir().unwrap();
        let corpus = corpus(folder.path());
        let place = folder.path().join("t");
        let count = write_new(&corpus, &Format::of(Template::Rudialogpt), 320, &place).unwrap();
        assert!((300..=320).contains(&count), "{count}");
        let text = "@@ПЕРВЫЙ@@ Привет, как дела? 😀 @@ВТОРОЙ@@ Латиница too\n</s>";
        let read = || maskarad_engine::Tokenizer::from_folder(&place).unwrap().unwrap();
        let whole = read();
        let ids =
            ["<pad>", "<s>", "</s>", "<unk>", "<mask>", "@@ПЕРВЫЙ@@", "@@ВТОРОЙ@@"].map(|token| whole.id_of(token));
        assert_eq!(ids, [0, 1, 2, 3, 4, 5, 6].map(Some));
        let encoded = whole.encode(text).unwrap();
        assert_eq!(whole.decode(&encoded, false), text);
        assert_eq!((encoded[0], encoded[encoded.len() - 1]), (5, 2));
        assert!(encoded.len() < text.len() / 2, "it has learned something: {}", encoded.len());
        assert_eq!(whole.rows(), count);
        let first = std::fs::read(place.join("tokenizer.json")).unwrap();
        write_new(&corpus, &Format::of(Template::Rudialogpt), 320, &place).unwrap();
        assert_eq!(std::fs::read(place.join("tokenizer.json")).unwrap(), first, "the same corpus gives the same bytes");
    }

    #[test]
    fn a_bad_line_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.jsonl");
        std::fs::write(&path, "{}\n").unwrap();
        let error = write_new(&path, &Format::of(Template::Continuation), 320, folder.path()).unwrap_err();
        assert!(error.to_string().contains("c.jsonl:1: "), "{error}");
    }
}
