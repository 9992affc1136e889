/** `innkeeper`: the daemon. It only looks at the version of Node here, so that an old one gets as far as saying so. */
const major = Number.parseInt(process.versions.node, 10);
if (major < 24) {
  console.error(`innkeeper needs Node 24 or later; this is ${process.versions.node}.`);
  process.exit(1);
}
const [, , command, ...rest] = process.argv;
if (command === 'node') {
  const { nodeCommand } = await import('./main/node-command.ts');
  process.exit(await nodeCommand(rest));
}
if (command === 'control') {
  const { controlCommand } = await import('./main/control-command.ts');
  process.exit(await controlCommand(rest));
}
const { serve } = await import('./main/serve.ts');
process.exit(await serve(process.argv.slice(2)));

export {};
