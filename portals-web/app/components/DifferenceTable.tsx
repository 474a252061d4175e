import { useTranslation } from 'react-i18next'

import type { Difference } from '~/api/__generated__/schema'
import { useFieldWords } from '~/hooks/use-field-words'

export interface DifferenceTableProps {
  /** What is compared, for screen readers. */
  label: string
  /** Heads of the columns, instead of Before and After. */
  beforeLabel?: string
  afterLabel?: string
  differences: readonly Difference[]
}

/** Fields before and after, side by side. The colours repeat what the columns say. */
export function DifferenceTable(props: DifferenceTableProps) {
  const { label, beforeLabel, afterLabel, differences } = props
  const { t } = useTranslation('apply')
  const words = useFieldWords()
  const heads = [t('field'), beforeLabel ?? t('before'), afterLabel ?? t('after')]
  return (
    // What scrolls must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div role="group" aria-label={label} tabIndex={0} className="overflow-x-auto">
      <table className="w-full min-w-120 table-fixed border-separate border-spacing-0">
        <thead>
          <tr className="text-meta text-ink-2">
            {heads.map((name) => (
              <th key={name} scope="col" className="h-7 px-3 text-start font-medium first:ps-4">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {differences.map(({ field, before, after }) => (
            <tr key={field} className="align-top">
              <th
                scope="row"
                className="px-3 py-1 ps-4 text-start font-normal break-words text-ink-2"
              >
                {words.field(field)}
              </th>
              <Value value={before} className="bg-badge-danger-bg text-badge-danger" />
              <Value value={after} className="bg-badge-success-bg text-badge-success" />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Value({ value, className }: { value: unknown; className: string }) {
  const { t } = useTranslation('apply')
  const isSet = value !== null && value !== undefined
  return (
    <td className="px-3 py-1 font-mono text-meta leading-5 break-words">
      {isSet ? (
        <span className={`rounded-badge box-decoration-clone px-1 py-0.5 ${className}`}>
          {typeof value === 'string' ? value : JSON.stringify(value)}
        </span>
      ) : (
        <span className="font-sans text-ink-3">{t('notSet')}</span>
      )}
    </td>
  )
}
