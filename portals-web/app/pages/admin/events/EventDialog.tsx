import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import type { SwitchEvent } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import { Dialog } from '~/ui/lib/Dialog'
import { Facts } from '~/ui/lib/Facts'
import { pb } from '~/util/path-builder'

export interface EventDialogProps {
  event: SwitchEvent
  onClose: () => void
}

/** One event with all that is known of it. */
export function EventDialog({ event, onClose }: EventDialogProps) {
  const { t } = useTranslation(['events', 'common'])
  const format = useFormat()
  const { id, kind, subject, actor, at, data } = event
  return (
    <Dialog
      title={t('detail.title', { id })}
      closeLabel={t('common:close')}
      width="wide"
      onClose={onClose}
    >
      {/* What scrolls must be reachable by keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div tabIndex={0} className="flex flex-col gap-4 overflow-y-auto p-4">
        <Facts
          facts={[
            {
              label: t('column.at'),
              value: `${format.dateTime(at, { ms: true })} ${format.zoneName}`,
            },
            { label: t('column.kind'), value: kind, mono: true },
            { label: t('column.subject'), value: subject },
            { label: t('column.actor'), value: actor },
          ]}
        />
        <section aria-label={t('detail.data')} className="min-w-0">
          <h3 className="pb-1 font-medium">{t('detail.data')}</h3>
          <pre className="rounded-control bg-subtle p-3 font-mono text-meta break-words whitespace-pre-wrap">
            {JSON.stringify(data, null, 2)}
          </pre>
        </section>
        <Link {...pb.events({ subject })} onClick={onClose} className="text-link hover:underline">
          {t('detail.ofSubject')}
        </Link>
      </div>
    </Dialog>
  )
}
