#!/bin/sh
# archive_command = 'sh /path/to/archive_wal.sh %p %f /archive'
#
# Keep one finished piece of the write-ahead log. It is complete under its name or not there at
# all; the same piece once more is fine, another one under the same name is refused.
set -eu
piece=$1 name=$2 archive=$3
if [ -e "$archive/$name" ]; then
    cmp -s "$piece" "$archive/$name"
    exit
fi
cp "$piece" "$archive/.$name.part"
sync "$archive/.$name.part"
mv "$archive/.$name.part" "$archive/$name"
sync "$archive"
