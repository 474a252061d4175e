import { clsx } from 'clsx'
import { Check, X } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { ExplainStep } from '~/api/__generated__/schema'
import { explain } from '~/i18n/en/explain'

type KnownStep = keyof typeof explain.step

/** The decision from top to bottom. The last step is where it ended. */
export function DecisionSteps({ steps }: { steps: readonly ExplainStep[] }) {
  const { t } = useTranslation('explain')
  return (
    <ol>
      {steps.map(({ step, outcome, detail }, index) => {
        const passed = outcome === 'passed'
        const Icon = passed ? Check : X
        const isLast = index === steps.length - 1
        return (
          <li key={`${step} ${detail}`} className="flex gap-3">
            <div className="flex flex-col items-center">
              <span
                className={clsx(
                  'flex size-6 shrink-0 items-center justify-center rounded-full',
                  passed
                    ? 'bg-badge-success-bg text-badge-success'
                    : 'bg-badge-danger-bg text-badge-danger',
                )}
              >
                <Icon aria-hidden size={13} strokeWidth={2.25} />
              </span>
              {isLast ? null : <span aria-hidden className="my-1 w-px grow bg-line-strong" />}
            </div>
            <div className={clsx('min-w-0 pt-0.5', !isLast && 'pb-3')}>
              <p className="font-medium">
                {isKnown(step) ? t(`step.${step}`) : step}
                <span className={passed ? 'sr-only' : 'ms-2 text-meta text-danger'}>
                  {passed ? t('passed') : t('stepRejected')}
                </span>
              </p>
              <p className="break-words text-ink-2">{detail}</p>
            </div>
          </li>
        )
      })}
    </ol>
  )
}

function isKnown(step: string): step is KnownStep {
  return Object.hasOwn(explain.step, step)
}
