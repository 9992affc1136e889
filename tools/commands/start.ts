/** `npm start`: builds the agent and the web console if their sources changed, then starts the daemon and the VM `hello`. */
import { spawn } from 'node:child_process';
import { runStep } from '../run-step.ts';

await runStep('building the agent', 'node', ['tools/build-agent.ts']);
await runStep('building the web console', 'node', ['tools/build-web.ts']);
const daemon = spawn(process.execPath, ['apps/innkeeper/src/main.ts', 'serve', '--hello', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
// The terminal sends ^C to the whole group, including the daemon; TERM is sent only to this process and passed on.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => daemon.kill('SIGTERM'));
daemon.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
