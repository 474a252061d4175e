import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { ChangeSet } from '~/api/__generated__/schema'
import { ActionDock } from '~/components/ActionDock'
import { usePermission } from '~/hooks/use-permission'
import { Button, buttonClass } from '~/ui/lib/Button'
import { pb } from '~/util/path-builder'

import { PushDialog } from './PushDialog'
import { RollbackDialog } from './RollbackDialog'

export interface ChangeSetDockProps {
  changeSet: ChangeSet
  isOpen: boolean
  isPreview: boolean
}

/** What comes next for it: look, push, or take back. */
export function ChangeSetDock({ changeSet, isOpen, isPreview }: ChangeSetDockProps) {
  const { t } = useTranslation('changeSets')
  const canPush = usePermission('change_set.push')
  const [open, setOpen] = useState<'push' | 'rollback' | null>(null)
  const close = () => setOpen(null)
  const canRollBack = canPush && changeSet.state === 'pushed'
  if (!canRollBack && !(isOpen && changeSet.drafts > 0)) return null
  return (
    <>
      <ActionDock label={changeSet.name}>
        {isOpen && !isPreview ? (
          <Link {...pb.changeSet(changeSet.id, { tab: 'preview' })} className={buttonClass()}>
            {t('preview.button')}
          </Link>
        ) : null}
        {isOpen && canPush ? (
          <Button variant="primary" onClick={() => setOpen('push')}>
            {t('push.button')}
          </Button>
        ) : null}
        {canRollBack ? (
          <Button variant="danger" onClick={() => setOpen('rollback')}>
            {t('rollback.button')}
          </Button>
        ) : null}
      </ActionDock>
      {open === 'push' ? <PushDialog changeSet={changeSet} onClose={close} /> : null}
      {open === 'rollback' ? <RollbackDialog changeSet={changeSet} onClose={close} /> : null}
    </>
  )
}
