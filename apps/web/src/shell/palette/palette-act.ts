import type { MantineColorScheme } from '@mantine/core';
import { useNavigate } from 'react-router';
import { api } from '../../api/api.ts';
import { useSessionChange } from '../../api/session.ts';
import { showToast } from '../../components/toasts.tsx';
import type { Confirm } from '../../components/use-confirm.tsx';
import { actOnVm } from '../../pages/vm/act-on-vm.tsx';
import type { PaletteAct } from './palette-entries.ts';

export interface PaletteTools {
  readonly ask: Confirm['ask'];
  readonly setColorScheme: (scheme: MantineColorScheme) => void;
  readonly onHelp: () => void;
}

/** Returns a function that does what an entry of the palette does; it never rejects, a failure is shown as a toast. */
export function usePaletteAct({ ask, setColorScheme, onHelp }: PaletteTools): (act: PaletteAct) => Promise<void> {
  const navigate = useNavigate();
  const changeSession = useSessionChange();
  return async (act) => {
    switch (act.kind) {
      case 'power':
        await actOnVm(act.action, act.vm, ask);
        return;
      case 'theme':
        setColorScheme(act.scheme);
        return;
      case 'help':
        // After the palette has closed.
        setTimeout(onHelp);
        return;
      case 'build':
        await attempt(`The image ${act.image} was not built`, () =>
          api.images.buildImage({ kind: act.image, rebuild: true }),
        );
        return;
      case 'logout':
        await attempt('You are still logged in', async () => {
          await api.access.logout({});
          changeSession(undefined);
          void navigate('/login');
        });
    }
  };
}

async function attempt(title: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    showToast({ id: title, tone: 'bad', title, error });
  }
}
