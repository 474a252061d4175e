import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import type { ChangeSet } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import { type Fact, Facts } from '~/ui/lib/Facts'
import { Panel } from '~/ui/lib/Panel'
import { pb } from '~/util/path-builder'

/** Who made it, why, and what became of it. */
export function ChangeSetFacts({ changeSet }: { changeSet: ChangeSet }) {
  const { t } = useTranslation('changeSets')
  const format = useFormat()
  const time = (at: string) => `${format.dateTime(at)} ${format.zoneName}`
  const other = (id: number) => (
    <Link {...pb.changeSet(id)} className="text-link hover:underline">
      {t('facts.changeSet', { id })}
    </Link>
  )
  const { author, created_at, note, pushed_by, pushed_at, configuration_number } = changeSet
  const facts: (Fact | null)[] = [
    { label: t('facts.author'), value: author },
    { label: t('facts.created'), value: time(created_at) },
    note ? { label: t('facts.note'), value: note } : null,
    pushed_by ? { label: t('facts.pushedBy'), value: pushed_by } : null,
    pushed_at ? { label: t('facts.pushedAt'), value: time(pushed_at) } : null,
    configuration_number === null
      ? null
      : { label: t('facts.configuration'), value: configuration_number },
    changeSet.rolls_back === null
      ? null
      : { label: t('facts.rollsBack'), value: other(changeSet.rolls_back) },
    changeSet.rolled_back_by === null
      ? null
      : { label: t('facts.rolledBackBy'), value: other(changeSet.rolled_back_by) },
  ]
  return (
    <Panel title={t('facts.title')}>
      <Facts facts={facts.filter((fact) => fact !== null)} />
    </Panel>
  )
}
