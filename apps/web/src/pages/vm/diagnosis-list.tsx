import { type Diagnosis, DiagnosisOutcome } from '@innkeeper/contract/control';
import type { JSX } from 'react';

type Mark = readonly [mark: string, tone: string, word: string];

const unknown: Mark = ['·', 'idle', 'unknown'];
const marks: Readonly<Partial<Record<DiagnosisOutcome, Mark>>> = {
  [DiagnosisOutcome.OK]: ['✓', 'ok', 'ok'],
  [DiagnosisOutcome.FAILED]: ['✗', 'bad', 'failed'],
  [DiagnosisOutcome.WARNING]: ['!', 'warn', 'warning'],
  [DiagnosisOutcome.SKIPPED]: ['·', 'idle', 'skipped'],
};

/** The results of `doctor`, step by step. */
export function DiagnosisList({ diagnosis }: { readonly diagnosis: Diagnosis }): JSX.Element {
  return (
    <div role="status">
      <p className="diagnosis-conclusion">
        {diagnosis.conclusion === '' ? 'No problems found.' : diagnosis.conclusion}
      </p>
      <ol className="diagnosis">
        {diagnosis.steps.map(({ name, outcome, detail, nextStep, consoleText }) => {
          const [mark, tone, word] = marks[outcome] ?? unknown;
          return (
            <li key={name}>
              <span className={`diagnosis-mark ${tone}`} aria-hidden="true">
                {mark}
              </span>
              <span>
                <strong>{name}</strong> <span className="visually-hidden">{word}</span>
                <span className="dim">{consoleText === '' ? detail : consoleText}</span>
                {nextStep !== '' && <div>{nextStep}</div>}
              </span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}
