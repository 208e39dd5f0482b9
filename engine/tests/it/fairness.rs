//! Between models: turns at admission, and the prompt tokens of a step. One model's queue never starves another's.

use maskarad_engine::scheduler::Limits;
use maskarad_engine::synthetic::{Shape, write_checkpoint};
use maskarad_engine::{LoadedModel, Precision, Request};

use crate::batching::{Fixture, request, tiny};
use crate::scheduling::{Driver, ROOMY};
use crate::support;

/// A second model beside the fixture's.
struct Pair {
    first: Fixture,
    other: LoadedModel,
    _folder: tempfile::TempDir,
}

fn pair(shape: Shape) -> Pair {
    let (first, folder) = (tiny(), tempfile::tempdir().unwrap());
    write_checkpoint(folder.path(), shape, 6).unwrap();
    let other = support::load(&first.engine, folder.path(), Precision::F32);
    Pair { first, other, _folder: folder }
}

/// Ten tokens of prompt and thirty of reply.
fn ordinary(model: &LoadedModel) -> Request {
    let mut request = request(model, 1);
    request.prompt = vec![9; 10];
    request.generation.max_new_tokens = 30;
    request
}

#[test]
fn a_burst_for_one_model_does_not_starve_another() {
    let pair = pair(Shape::TINY);
    let mut driver = Driver::new(Limits { max_batch: 4, ..ROOMY });
    (0..100).for_each(|id| driver.submit(id, &pair.first.model, ordinary(&pair.first.model)));
    (0..3).for_each(|_| driver.step());
    assert_eq!(driver.admitted, [0, 1, 2, 3]);
    driver.submit(100, &pair.other, ordinary(&pair.other));
    (0..40).for_each(|_| driver.step());
    let at = driver.admitted.iter().position(|id| *id == 100).expect("the other model is admitted");
    assert!(at <= 5, "{at} were admitted before it");
    driver.run();
    let burst: Vec<_> = driver.admitted.into_iter().filter(|id| *id < 100).collect();
    assert_eq!(burst, Vec::from_iter(0..100), "within a model first come, first served");
}

#[test]
fn two_bursts_share_the_places() {
    let pair = pair(Shape::TINY);
    let mut driver = Driver::new(Limits { max_batch: 4, ..ROOMY });
    // The first model has worked alone for a while; it owes nothing for that.
    (0..20).for_each(|id| driver.submit(id, &pair.first.model, ordinary(&pair.first.model)));
    driver.run();
    driver.admitted.clear();
    (100..120).for_each(|id| driver.submit(id, &pair.other, ordinary(&pair.other)));
    (0..20).for_each(|id| driver.submit(id, &pair.first.model, ordinary(&pair.first.model)));
    driver.run();
    for places in driver.admitted.chunks(4) {
        assert_eq!(places.iter().filter(|id| **id < 100).count(), 2, "{:?}", driver.admitted);
    }
}

#[test]
fn short_replies_get_more_turns_than_long_ones() {
    let pair = pair(Shape::TINY);
    let mut driver = Driver::new(Limits { max_batch: 1, ..ROOMY });
    let short = |model: &LoadedModel| {
        let mut request = ordinary(model);
        request.generation.max_new_tokens = 10;
        request
    };
    (0..10).for_each(|id| driver.submit(id, &pair.first.model, short(&pair.first.model)));
    (100..110).for_each(|id| driver.submit(id, &pair.other, ordinary(&pair.other)));
    driver.run();
    let before_the_fourth = driver.admitted.iter().position(|id| *id == 103).unwrap();
    assert!((8..=11).contains(&before_the_fourth), "turns go by tokens: {:?}", driver.admitted);
}

#[test]
fn what_a_model_does_not_read_another_may() {
    let pair = pair(Shape { n_positions: 1024, ..Shape::TINY });
    let mut driver = Driver::new(ROOMY);
    driver.submit(0, &pair.first.model, ordinary(&pair.first.model));
    driver.step();
    let mut long = ordinary(&pair.other);
    long.prompt = vec![9; 900];
    driver.submit(1, &pair.other, long);
    // The first model only writes: all 256 tokens of each step are the other's.
    (0..4).for_each(|_| driver.step());
    assert_eq!(driver.tokens.iter().filter(|id| **id == 1).count(), 1, "{:?}", driver.tokens);
}
