#!/usr/bin/env node
import { statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Before anything else is loaded: an old Node cannot parse all of it.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 7)) {
  process.stderr.write(`inn: Node 24.7 or later is needed; this is ${process.versions.node}.\n`);
  process.exit(1);
}
// What is read from the cache is run, so only in a home folder of this user: Node's default is in /tmp, where anybody may
// put something, and sudo may keep the HOME of somebody else.
if (statSync(homedir(), { throwIfNoEntry: false })?.uid === process.getuid?.())
  enableCompileCache(join(homedir(), '.cache/innkeeper/compiled'));
const { runProgram } = await import('./run-program.ts');
await runProgram(process.argv);
