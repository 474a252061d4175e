import { CircleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { useFieldWords } from '~/hooks/use-field-words'
import { itemNumber } from '~/util/field-label'

import type { Faults } from './use-resource-form'

/** Most faults that are listed. */
const LISTED_MAX = 10

export interface FaultSummaryProps {
  faults: Faults
  onGo: (path: string) => void
}

/** All that is wrong, above the fields, each with the way to its field. */
export function FaultSummary({ faults, onGo }: FaultSummaryProps) {
  const { t } = useTranslation(['configuration', 'common'])
  const words = useFieldWords()
  if (faults.size === 0) return null
  return (
    <div
      role="alert"
      className="flex gap-2 rounded-control bg-badge-danger-bg px-3 py-2 text-badge-danger"
    >
      <CircleAlert aria-hidden size={16} strokeWidth={1.75} className="mt-0.5 shrink-0" />
      <div className="min-w-0">
        <p className="font-medium">{t('form.faults', { count: faults.size })}</p>
        <ul>
          {[...faults].slice(0, LISTED_MAX).map(([path, message]) => (
            <li key={path} className="break-words">
              <button
                type="button"
                className="min-h-6 text-start underline"
                onClick={() => onGo(path)}
              >
                {words.field(path)}
                {itemNumber(path) === null ? '' : ` ${itemNumber(path)}`}
              </button>{' '}
              {message}
            </li>
          ))}
        </ul>
      </div>
    </div>
  )
}

/** Puts the focus on the field of a path, or on the nearest one that holds it. */
export function focusField(path: string): void {
  const places = [...document.querySelectorAll<HTMLElement>('[data-field]')]
  const found = places
    .filter(({ dataset }) => path.startsWith(dataset['field'] ?? ' '))
    .toSorted((a, b) => (b.dataset['field']?.length ?? 0) - (a.dataset['field']?.length ?? 0))[0]
  found?.focus()
}
