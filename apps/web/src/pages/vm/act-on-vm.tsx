import type { Vm } from '@innkeeper/contract/control';
import { quoteWord } from '@innkeeper/kit';
import { showToast } from '../../components/toasts.tsx';
import type { Confirm } from '../../components/use-confirm.tsx';
import { powerActions, type VmPowerAction } from './power-actions.ts';

/**
 * Does a power action on a VM, after confirmation if it has a consequence. Resolves with whether it was done; a failure is shown
 * as a toast.
 */
export async function actOnVm(
  action: VmPowerAction,
  { id, name }: Pick<Vm, 'id' | 'name'>,
  ask: Confirm['ask'],
): Promise<boolean> {
  const wanted = powerActions[action];
  const { label, danger, consequence, command, done, run } = wanted;
  const title = wanted.question?.(name) ?? `${label} ${name}?`;
  const question = { title, body: <p>{consequence}</p>, confirm: label, danger, command: command(quoteWord(name)) };
  if (consequence !== '' && !(await ask({ ...question, typed: action === 'delete' ? name : undefined }))) return false;
  try {
    await run(id);
    if (action === 'restart') showToast({ id: `restart ${id}`, tone: 'ok', title: `${name} is restarting` });
    if (action === 'thaw' || action === 'trim' || action === 'clock' || action === 'suspend')
      showToast({ id: `power ${id}`, tone: 'ok', title: `${name} is ${done}` });
    return true;
  } catch (error) {
    showToast({ id: `power ${id}`, tone: 'bad', title: `${name} was not ${done}`, error });
    return false;
  }
}
