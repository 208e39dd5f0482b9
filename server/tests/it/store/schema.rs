//! Databases of former releases: the fixtures in `server/tests/fixtures/schema`.

mod dump;
mod make;
mod people;
