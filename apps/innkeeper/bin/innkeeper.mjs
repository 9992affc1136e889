#!/usr/bin/env node
// Plain JavaScript that every Node reads, since one that is too old cannot read the TypeScript behind it.
const major = Number.parseInt(process.versions.node, 10);
if (major < 24) {
  process.stderr.write(`innkeeper needs Node 24 or later; this is ${process.versions.node}.\n`);
  process.exit(1);
}
await import('../src/main.ts');
