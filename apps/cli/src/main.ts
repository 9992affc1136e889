#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`inn: Node 24 or later is needed, this is ${process.versions.node}.\n`);
  process.exit(1);
}
enableCompileCache();
const { runProgram } = await import('./program.ts');
await runProgram(process.argv);
