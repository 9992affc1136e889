import { OperationError } from '@innkeeper/contract';
import type { VmApi } from '../../ports/node-api.ts';

/** Maximum open tunnels of one VM: half of the calls that its agent's session has. */
export const maxTunnels = 32;

/** Counts the open tunnels of each VM, whoever opened them. */
export class TunnelSlots {
  readonly #open = new Map<string, number>();

  /** Takes a slot until the returned function is called. @throws OperationError TOO_MANY_TUNNELS */
  take({ id, name }: Pick<VmApi, 'id' | 'name'>): () => void {
    const count = this.#open.get(id) ?? 0;
    if (count >= maxTunnels)
      throw new OperationError('TOO_MANY_TUNNELS', `"${name}" already has ${maxTunnels} open tunnels, the maximum.`);
    this.#open.set(id, count + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = (this.#open.get(id) ?? 1) - 1;
      if (left === 0) this.#open.delete(id);
      else this.#open.set(id, left);
    };
  }
}
