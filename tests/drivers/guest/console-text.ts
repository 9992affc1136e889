import type { RunningVm } from '@innkeeper/hypervisor';

/** The retained output of a VM's console as text. */
export function consoleText(vm: RunningVm): string {
  const { head, tail } = vm.console.history();
  return Buffer.concat([head, tail]).toString('latin1');
}

/** Resolves when the console has shown `text` `times` times (default: 1); rejects when the VM ends first. */
export async function waitForConsole(vm: RunningVm, text: string, times = 1): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = (): void => {
    if (consoleText(vm).split(text).length > times) resolve();
  };
  const stop = vm.console.onOutput(look);
  void vm.ended.then((end) => reject(new Error(`the VM ended (${end.kind}); its console: ${consoleText(vm)}`)));
  look();
  try {
    await promise;
  } finally {
    stop();
  }
}
