import type { Image } from '@innkeeper/contract/control';
import { quoteWord } from '@innkeeper/kit';
import { api } from '../../api/api.ts';
import { showToast } from '../../components/toasts.tsx';
import type { Confirm } from '../../components/use-confirm.tsx';

/** Removes an image after confirmation. A failure is shown as a toast. */
export async function removeImage({ name }: Image, ask: Confirm['ask']): Promise<void> {
  const body = (
    <p>The image and its prepared base are deleted from the host. VMs cannot be created from it any more.</p>
  );
  const command = `inn image rm ${quoteWord(name)}`;
  if (!(await ask({ title: `Remove the image ${name}?`, body, confirm: 'Remove', danger: true, command }))) return;
  try {
    await api.images.removeImage({ name });
  } catch (error) {
    showToast({ id: `image ${name}`, tone: 'bad', title: `The image ${name} was not removed`, error });
  }
}

/** Builds an image from Debian packages. A failure is shown as a toast. */
export async function buildImage(kind: string, rebuild: boolean): Promise<void> {
  const id = `image ${kind}`;
  try {
    await api.images.buildImage({ kind, rebuild });
    const body = 'Operations shows its progress and log.';
    showToast({ id, tone: 'ok', title: `The image ${kind} is being built`, body });
  } catch (error) {
    showToast({ id, tone: 'bad', title: `The image ${kind} was not built`, error });
  }
}
