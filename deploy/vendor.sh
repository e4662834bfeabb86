#!/bin/sh
# Fetch the one library that the pages use, pinned by the SHA-256 of the file served, into the gateway's static files.
set -eu
NAME=htmx.org VERSION=4.0.1 LICENCE=0BSD
SHA256=a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130
HOME_DIRECTORY=$(cd "$(dirname "$0")/.." && pwd)
TARGET=$HOME_DIRECTORY/services/gateway/src/gateway/static/vendor
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

(cd "$WORK" && npm pack --silent --ignore-scripts "$NAME@$VERSION" >archive && tar -xzf "$(cat archive)")
echo "$SHA256  $WORK/package/dist/htmx.min.js" | sha256sum --check --quiet
mkdir -p "$TARGET"
cp "$WORK/package/dist/htmx.min.js" "$TARGET/htmx.min.js"
cp "$WORK/package/LICENSE" "$TARGET/LICENSE"
cat >"$TARGET/SOURCE.md" <<END
# htmx.min.js

| | |
| --- | --- |
| package | \`$NAME\` of the npm registry |
| version | $VERSION |
| file | \`dist/htmx.min.js\`, unchanged |
| SHA-256 | \`$SHA256\` |
| licence | $LICENCE, see \`LICENSE\` |

\`make vendor\` fetches it anew and refuses any other content.
END
echo "$NAME $VERSION is in ${TARGET#"$HOME_DIRECTORY"/}"
