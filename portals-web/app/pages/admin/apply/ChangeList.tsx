import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import type { Change, ChangeAction } from '~/api/__generated__/schema'
import { DifferenceTable } from '~/components/DifferenceTable'
import { useKindName } from '~/hooks/use-kinds'
import { Badge, type Tone } from '~/ui/lib/Badge'
import { pb } from '~/util/path-builder'
import { inSentence } from '~/util/sentence'

export const ACTION_TONES: Record<ChangeAction, Tone> = {
  created: 'success',
  updated: 'info',
  deleted: 'danger',
  unchanged: 'neutral',
}

/** Open at first, as long as they are few enough to be read at once. */
const OPEN_MAX = 8

export interface ChangeListProps {
  changes: readonly Change[]
  /** Whether the resources are there: a new one has no page before it is applied. */
  isApplied: boolean
}

/** Each resource that changes, with its fields; those that stay are only counted. */
export function ChangeList({ changes, isApplied }: ChangeListProps) {
  const { t } = useTranslation('apply')
  const kindName = useKindName()
  const changing = changes.filter(({ action }) => action !== 'unchanged')
  const staying = changes.length - changing.length
  return (
    <>
      <ul>
        {changing.map(({ kind, name, action, differences }) => (
          <li key={`${kind} ${name}`} className="border-b border-line last:border-0">
            <details open={changing.length <= OPEN_MAX}>
              <summary className="flex min-h-10 flex-wrap items-center gap-2 px-4 py-1.5 hover:bg-hover">
                <Badge tone={ACTION_TONES[action]}>{t(`action.${action}`)}</Badge>
                <span className="font-medium">{name}</span>
                <span className="text-meta text-ink-3">{kindName(kind, 'one')}</span>
              </summary>
              <div className="pb-3">
                <DifferenceTable
                  label={t('differences', { kind: inSentence(kindName(kind, 'one')), name })}
                  differences={differences}
                />
                {isApplied || action === 'updated' ? (
                  <Link
                    {...pb.resource(kind, name)}
                    className="ms-3 mt-1 inline-flex h-7 items-center rounded-control px-1 text-link hover:text-link-hover hover:underline"
                  >
                    {t('open', { name })}
                  </Link>
                ) : null}
              </div>
            </details>
          </li>
        ))}
      </ul>
      {staying > 0 ? (
        <p className="px-4 py-2.5 text-meta text-ink-3">{t('unchanged', { count: staying })}</p>
      ) : null}
    </>
  )
}
