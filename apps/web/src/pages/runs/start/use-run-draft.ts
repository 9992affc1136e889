import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';
import { api } from '../../../api/api.ts';
import { keepDraft, keptDraft } from './keep-draft.ts';
import { draftOf, emptyDraft, type RunDraft } from './run-draft.ts';

const keepMs = 300;

export interface DraftState {
  readonly draft: RunDraft;
  readonly set: (change: Partial<RunDraft>) => void;
  /** Clears the form except for the targets. */
  readonly reset: () => void;
  /** Deletes what is kept: its run was started. */
  readonly forget: () => void;
  /** The run to repeat is being loaded. */
  readonly loading: boolean;
  /** Why it could not be loaded. */
  readonly error: unknown;
  /** Changes when the whole draft was replaced, for editors that keep their own text. */
  readonly generation: number;
}

/**
 * The draft of a run. It survives a reload. VMs, a filter or a run to repeat in the address override the stored draft,
 * once. No form of @mantine/form: the draft is replaced as a whole by a run to repeat, is stored on every change, and what
 * is wrong with it (`draftProblems`) is shown while it is typed and decides about the command line beside it, so its
 * validation on submit would add a second copy of the values and of the errors.
 */
export function useRunDraft(): DraftState {
  const [parameters, setParameters] = useSearchParams();
  const again = parameters.get('again');
  const [draft, setDraft] = useState<RunDraft>(() => ({ ...keptDraft(), ...targetsOf(parameters) }));
  const [loading, setLoading] = useState(again !== null);
  const [error, setError] = useState<unknown>();
  const [generation, setGeneration] = useState(0);
  // The form stays a moment while the page of the run is loaded.
  const isForgotten = useRef(false);
  const keepNow = useEffectEvent(() => {
    if (!isForgotten.current) keepDraft(draft);
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: an address is applied once
  useEffect(() => {
    if (parameters.size > 0 && again === null) setDraft((before) => ({ ...before, ...targetsOf(parameters) }));
    if (again === null) return;
    const abort = new AbortController();
    api.runs.getRun({ id: again }, { signal: abort.signal }).then(
      ({ spec, targets }) => {
        setDraft(
          draftOf(
            spec,
            targets.map(({ vmName }) => vmName),
          ),
        );
        setGeneration((before) => before + 1);
        setLoading(false);
        setParameters({}, { replace: true });
      },
      (failure: unknown) => {
        if (abort.signal.aborted) return;
        setError(failure);
        setLoading(false);
      },
    );
    return () => abort.abort();
  }, [parameters.toString()]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each change restarts the delay
  useEffect(() => {
    const timer = setTimeout(() => keepNow(), keepMs);
    return () => clearTimeout(timer);
  }, [draft]);
  useEffect(() => {
    const onHide = (): void => keepNow();
    addEventListener('pagehide', onHide);
    return () => removeEventListener('pagehide', onHide);
  }, []);

  return {
    draft,
    loading,
    error,
    generation,
    set: (change) => {
      isForgotten.current = false;
      setDraft((before) => ({ ...before, ...change }));
    },
    forget: () => {
      isForgotten.current = true;
      keepDraft(undefined);
    },
    reset: () => {
      setDraft(({ where, vms, filter }) => ({ ...emptyDraft, where, vms, filter }));
      setGeneration((before) => before + 1);
    },
  };
}

function targetsOf(parameters: URLSearchParams): Partial<RunDraft> {
  const vms = parameters.getAll('vm');
  const filter = parameters.get('filter') ?? '';
  if (vms.length > 0) return { where: 'vms', vms };
  return filter === '' ? {} : { where: 'filter', filter };
}
