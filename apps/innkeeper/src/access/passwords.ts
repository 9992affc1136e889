import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { OperationError } from '@innkeeper/contract';
import { Semaphore } from '@innkeeper/kit';

/** OWASP's choice for argon2id: 19 MiB, two passes, one lane. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const tagBytes = 32;
const saltBytes = 16;
/** Concurrent hashes, 19 MiB each; callers beyond the queue get LOGIN_THROTTLED. */
const maxRunning = 2;
const maxWaiting = 32;

const minPasswordBytes = 10;
const maxPasswordBytes = 1024;

/** Throws PASSWORD_UNFIT. */
function checkNewPassword(password: string): void {
  const bytes = Buffer.byteLength(password);
  if (bytes >= minPasswordBytes && bytes <= maxPasswordBytes) return;
  throw new OperationError(
    'PASSWORD_UNFIT',
    `The new password has ${bytes} bytes; it must have ${minPasswordBytes} to ${maxPasswordBytes}.`,
  );
}

/** Hashes and checks passwords, few at once, so that a flood of logins takes neither all memory nor all processors. */
export class Passwords {
  readonly #places = new Semaphore(maxRunning);

  /** "$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH". Fails with PASSWORD_UNFIT, LOGIN_THROTTLED. */
  async hash(password: string): Promise<string> {
    checkNewPassword(password);
    const salt = randomBytes(saltBytes);
    const tag = await this.#derive(password, salt, cost);
    const { memory, passes, parallelism } = cost;
    return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;
  }

  /**
   * Whether it is the password of this hash. Without a hash it takes the same time and is false. Fails with
   * LOGIN_THROTTLED when too many wait.
   */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const parsed = parse(hash) ?? { parameters: cost, salt: Buffer.alloc(saltBytes), tag: undefined };
    const isLong = Buffer.byteLength(password) > maxPasswordBytes;
    const tag = await this.#derive(isLong ? '' : password, parsed.salt, parsed.parameters);
    return !isLong && parsed.tag !== undefined && timingSafeEqual(tag, parsed.tag);
  }

  async #derive(password: string, salt: Buffer, parameters: Cost): Promise<Buffer> {
    if (this.#places.waiting >= maxWaiting)
      throw new OperationError('LOGIN_THROTTLED', 'Too many logins are being checked. Try again in a few seconds.');
    return await this.#places.run(() => derive({ message: password, nonce: salt, tagLength: tagBytes, ...parameters }));
  }
}

type Cost = Pick<Argon2Parameters, 'memory' | 'passes' | 'parallelism'>;

function derive(parameters: Argon2Parameters): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

function parse(hash: string | undefined): { parameters: Cost; salt: Buffer; tag: Buffer } | undefined {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]{43})$/.exec(hash ?? '');
  if (match === null) return undefined;
  const [, memory, passes, parallelism, salt = '', tag = ''] = match;
  return {
    parameters: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
