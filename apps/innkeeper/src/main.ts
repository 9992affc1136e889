/** `innkeeper`: the daemon. It only looks at the version of Node here, so that an old one gets as far as saying so. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 7)) {
  console.error(`innkeeper: Node 24.7 or later is needed; this is ${process.versions.node}.`);
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
