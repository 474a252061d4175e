import { useTranslation } from 'react-i18next'

import type { ExplainStep } from '~/api/__generated__/schema'

export interface NumbersSentProps {
  /** Null where it is one of a pool and nobody knows which. */
  calling: string | null
  called: string
  asserted?: string | null
  isAnonymous?: boolean
  steps: readonly ExplainStep[]
}

/** The numbers that a carrier gets, with each list and rule that made something of them. */
export function NumbersSent({ calling, called, asserted, isAnonymous, steps }: NumbersSentProps) {
  const { t } = useTranslation()
  return (
    <div className="min-w-0">
      <p className="break-words">
        <span className="font-mono text-meta">{callerOf(calling, t)}</span>
        {' → '}
        <span className="font-mono text-meta">{called}</span>
      </p>
      {isAnonymous ? <p className="text-meta text-ink-2">{t('sentNumbers.anonymous')}</p> : null}
      {asserted ? (
        <p className="text-meta text-ink-2">{t('sentNumbers.asserted', { number: asserted })}</p>
      ) : null}
      {steps.length > 0 ? (
        <ul className="mt-0.5 text-meta text-ink-2">
          {steps.map(({ step, detail }) => (
            <li key={`${step} ${detail}`} className="break-words whitespace-normal">
              {detail}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  )
}

function callerOf(
  calling: string | null,
  t: (key: 'sentNumbers.nobody' | 'sentNumbers.ofPool') => string,
): string {
  if (calling === null) return t('sentNumbers.ofPool')
  return calling === '' ? t('sentNumbers.nobody') : calling
}
