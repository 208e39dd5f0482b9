#!/usr/bin/env bash
# Says how a persona gets from this terminal into Telegram.
cat <<'TEXT'

To go live in Telegram:
  1. get a token from @BotFather (and there: /setprivacy, Disable, so that it sees its groups)
  2. export AVTOBUS_TOKEN=123456:ABC…        (personas/avtobus.yaml names the variable)
  3. target/release/maskarad doctor         (finds what would keep it silent)
  4. target/release/maskarad serve

TEXT
