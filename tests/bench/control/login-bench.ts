import { Passwords } from '../../../apps/innkeeper/src/access/passwords.ts';
import { type Metric, makeMetric, median } from '../metric.ts';

/** The cost of a login, for the daemon and for password guessing. */
export async function* benchLogin(rounds: number): AsyncGenerator<Metric> {
  const passwords = new Passwords();
  const password = 'correct horse battery staple';
  const hash = await passwords.hash(password);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    if (!(await passwords.verify(password, hash))) throw new Error('the password does not match its hash');
    times.push(performance.now() - began);
  }
  yield makeMetric({ metric: 'check of a password, argon2id of 19 MiB', value: median(times), unit: 'ms' });
}
