//! Manifests that change meanwhile: other weights, another length, or something that nobody can read, which must be refused.

use crate::cast::Part;
use crate::stage::Stage;

/// What a daemon says once it speaks with other weights than before.
const TAKEN: &str = "former weights are gone";
/// What it says of those it refuses.
const REFUSED: &str = "refused as a whole";

/// How a persona is to speak, by the number of the reload: each differs from the one before.
fn generation(number: usize) -> String {
    let precision = if number.is_multiple_of(2) { "int8" } else { "f32" };
    Part::generation(precision, &format!("max_new_tokens: {}", 8 + number % 3))
}

/// Changes all manifests and has them read; every third time they are broken at first.
pub(super) async fn strike(stage: &mut Stage, number: usize) {
    if number % 3 == 1 {
        stage.cast.write_manifests(&stage.personas(), "generation: { max_new_tokens: none }");
        stage.reload(REFUSED).await;
    }
    stage.cast.write_manifests(&stage.personas(), &generation(number));
    stage.reload(TAKEN).await;
}
