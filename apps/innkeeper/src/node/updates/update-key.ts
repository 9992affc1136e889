import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { OperationError } from '@innkeeper/contract';
import { updateKeyLine } from '@innkeeper/contract/agent-update';
import { errorMessage } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';
import { writePrivateFile } from '../data/private-file.ts';

const maxKeyBytes = 16 * 1024;

/** What a daemon signs agents with (Ed25519). */
export interface UpdateKey {
  readonly privateKey: KeyObject;
  /** The line of its public half for the guests' file of keys. */
  readonly line: string;
}

export function makeUpdateKey(): UpdateKey {
  return withLine(generateKeyPairSync('ed25519').privateKey);
}

/** The key in a file of the data folder; made at the first start, for this user alone. Fails with DATA_FOLDER_UNUSABLE. */
export async function openUpdateKey(path: string): Promise<UpdateKey> {
  try {
    const known = await readRegularFile(path, maxKeyBytes).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (known !== undefined) return withLine(createPrivateKey(known));
    const made = makeUpdateKey();
    await writePrivateFile(path, made.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    return made;
  } catch (error) {
    throw new OperationError(
      'DATA_FOLDER_UNUSABLE',
      `The key for agents ${path} cannot be used: ${errorMessage(error)}`,
      {
        cause: error,
        nextStep:
          'Restore it from a backup. With another key, guests trust this daemon again after install-agent.sh ran there.',
      },
    );
  }
}

function withLine(privateKey: KeyObject): UpdateKey {
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('it is not an Ed25519 key');
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { privateKey, line: updateKeyLine(Buffer.from(x, 'base64url').toString('hex'), 'innkeeper') };
}
