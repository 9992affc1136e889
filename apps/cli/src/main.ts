#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Before anything else is loaded: an old Node cannot parse all of it.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 7)) {
  process.stderr.write(`inn: Node 24.7 or later is needed; this is ${process.versions.node}.\n`);
  process.exit(1);
}
enableCompileCache();
const { runProgram } = await import('./run-program.ts');
await runProgram(process.argv);
