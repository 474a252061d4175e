import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import type { AuditEntry } from '~/api/__generated__/schema'
import { DifferenceTable } from '~/components/DifferenceTable'
import { useFormat } from '~/hooks/use-format'
import { Dialog } from '~/ui/lib/Dialog'
import { Facts } from '~/ui/lib/Facts'
import { NO_VALUE } from '~/util/money'
import { pb } from '~/util/path-builder'
import { valueDifferences } from '~/util/value-differences'

export interface AuditDialogProps {
  entry: AuditEntry
  onClose: () => void
}

/** One entry, with old and new values side by side. */
export function AuditDialog({ entry, onClose }: AuditDialogProps) {
  const { t } = useTranslation(['access', 'common'])
  const format = useFormat()
  const changes = valueDifferences(entry.before, entry.after)
  return (
    <Dialog
      title={t('audit.entry', { sequence: entry.sequence })}
      closeLabel={t('common:close')}
      width="wide"
      onClose={onClose}
    >
      <div className="flex flex-col gap-4 overflow-y-auto py-4">
        <div className="px-4">
          <Facts
            facts={[
              {
                label: t('audit.at'),
                value: `${format.dateTime(entry.created_at, { ms: true })} ${format.zoneName}`,
              },
              { label: t('audit.actor'), value: entry.actor },
              ...(entry.impersonator
                ? [{ label: t('audit.impersonator'), value: entry.impersonator }]
                : []),
              { label: t('audit.operation'), value: entry.operation, mono: true },
              {
                label: t('audit.subject'),
                value: [entry.kind, entry.subject].filter(Boolean).join(' ') || NO_VALUE,
              },
              { label: t('audit.credential'), value: entry.credential },
              { label: t('audit.address'), value: entry.address ?? NO_VALUE },
              { label: t('audit.browser'), value: entry.user_agent ?? NO_VALUE },
              ...(entry.change_set === null || entry.change_set === undefined
                ? []
                : [
                    {
                      label: t('audit.changeSet'),
                      value: (
                        <Link
                          {...pb.changeSet(entry.change_set)}
                          className="text-link hover:underline"
                        >
                          {entry.change_set}
                        </Link>
                      ),
                    },
                  ]),
              { label: t('audit.hash'), value: entry.hash, mono: true },
              { label: t('audit.previous'), value: entry.previous_hash, mono: true },
            ]}
          />
        </div>
        <section aria-label={t('audit.changes')}>
          <h3 className="px-4 pb-1 font-medium">{t('audit.changes')}</h3>
          {changes.length === 0 ? (
            <p className="px-4 text-ink-2">{t('audit.noChanges')}</p>
          ) : (
            <DifferenceTable
              label={t('audit.changes')}
              beforeLabel={t('audit.before')}
              afterLabel={t('audit.after')}
              differences={changes}
            />
          )}
        </section>
      </div>
    </Dialog>
  )
}
