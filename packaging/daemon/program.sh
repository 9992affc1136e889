#!/bin/sh
exec /usr/lib/innkeeper/bin/node /usr/lib/innkeeper/bundle/@NAME@.mjs "$@"
