import { toOperationError } from '@innkeeper/client/browser';
import { manyOutcome } from '../../components/operation-title.ts';
import { showToast } from '../../components/toasts.tsx';

/** Number of concurrent requests. */
const concurrency = 6;

/** Starts an action on many VMs, and shows how many were started and why others failed. Never rejects. */
export async function actOnMany(
  { label, done }: { readonly label: string; readonly done: string },
  vms: readonly (readonly [id: string, name: string])[],
  run: (id: string) => Promise<unknown>,
): Promise<void> {
  const id = `many ${label}`;
  const failures: string[] = [];
  let count = 0;
  const waiting = [...vms];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await run(next[0]);
      } catch (error) {
        failures.push(`${next[1]}: ${toOperationError(error).message}`);
      }
      count++;
      showToast({ id, tone: 'busy', title: `${label}: ${count} of ${vms.length}` });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  if (failures.length === 0) {
    showToast({ id, tone: 'ok', title: manyOutcome(done, vms.length, 0) });
    return;
  }
  const more = failures.length > 5 ? `\nand ${failures.length - 5} more` : '';
  showToast({
    id,
    tone: 'bad',
    title: manyOutcome(done, vms.length, failures.length),
    body: failures.slice(0, 5).join('\n') + more,
  });
}
