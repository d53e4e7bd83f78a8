#!/bin/sh
# required.sh NAME … refuses to go on when one of these variables is not set, and says which.
for name; do
    eval "value=\${$name:-}"
    if [ -z "$value" ]; then
        echo "Set $name (docs/operations.md)." >&2
        exit 78
    fi
done
