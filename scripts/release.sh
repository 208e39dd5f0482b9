#!/usr/bin/env bash
# Makes a release's files in target/release-files: the Debian package, an archive of the program, and their checksums. Refuses
# unless they would be those of the release: nothing uncommitted, a dated section in CHANGELOG.md for the version in Cargo.toml, and
# the tag vVERSION on what is checked out. `release.sh --check` only looks.
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() { echo "no release: $*" >&2; exit 1; }
version="$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)"
[ -n "$version" ] || refuse "Cargo.toml has no version"
[ -z "$(git status --porcelain)" ] || refuse "something is not committed; git status tells what"
heading="$(grep -E "^## ${version//./\\.}( |$)" CHANGELOG.md)" || refuse "CHANGELOG.md has no section for $version"
[[ "$heading" =~ ^"## $version — "[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] ||
    refuse "the section for $version in CHANGELOG.md has no date; expected: ## $version — $(date +%F)"
git tag --points-at HEAD | grep -qxF "v$version" ||
    refuse "this is not the tag v$version; git tag -a v$version -m 'Maskarad $version' makes it here"
echo "$version can be released: $(git rev-parse --short HEAD), ${heading#\#\# }"
[ "${1:-}" != --check ] || exit 0

files=target/release-files
name="maskarad-$version-$(uname -m)-linux"
rm -rf "$files" target/deb-files "target/$name"
mkdir -p "$files" "target/$name"
make build
target/release/maskarad --version | grep -qxF "maskarad $version" || refuse "the program calls itself otherwise"
scripts/package.sh --output target/deb-files/
cp target/deb-files/maskarad_*.deb "$files/"
# What is needed to run without the package. Personas bring their models.
cp target/release/maskarad maskarad.example.yaml README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "target/$name/"
cp -r docs systemd target/package/man target/package/completions "target/$name/"
mkdir "target/$name/personas"
cp -r personas/{README.md,avtobus.yaml,polkson.yaml,models,adapters} "target/$name/personas/"
# The same program gives the same archive.
tar --create --directory=target --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" "$name" |
    xz -6 >"$files/$name.tar.xz"
rm -rf "target/$name"
(cd "$files" && sha256sum -- * >SHA256SUMS && cat SHA256SUMS)
echo "in $files"
