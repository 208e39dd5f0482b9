#!/usr/bin/env bash
# Makes the Debian package, target/debian/maskarad_*.deb, from target/release/maskarad: what the package holds is gathered in
# target/package first, with the demo's manifests pointing at where their models are installed.
set -euo pipefail
cd "$(dirname "$0")/.."

package=target/package
rm -rf "$package"
mkdir -p "$package"/{personas,man,completions}
for name in avtobus polkson; do
    sed -e 's|$schema=../docs/|$schema=/usr/share/maskarad/|' \
        -e 's|path: models/|path: /usr/share/maskarad/models/|' \
        -e 's|adapter: adapters/|adapter: /usr/share/maskarad/adapters/|' \
        -e "s|^token: .*|token: { credential: maskarad_$name-token, optional: true }|" \
        "personas/$name.yaml" > "$package/personas/$name.yaml"
done
sed -e 's|^personas: .*|personas: /etc/maskarad/personas|' -e 's|^  models: .*|  models: /usr/share/maskarad|' \
    maskarad.example.yaml > "$package/maskarad.yaml"
target/release/maskarad manual "$package/man"
gzip -9n "$package"/man/*
for shell in bash zsh fish; do
    target/release/maskarad completions "$shell" > "$package/completions/$shell"
done
cargo deb --locked --package maskarad --no-build --no-strip "$@"
