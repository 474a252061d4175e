import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { NettingStatement } from '~/api/__generated__/schema'
import { confirmNetting, nettingQuery, payNetting } from '~/api/nettings'
import { ActionDock } from '~/components/ActionDock'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { useFormat } from '~/hooks/use-format'
import { usePermission } from '~/hooks/use-permission'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { Field, Input } from '~/ui/lib/Field'

/** Confirming a draft, and the payment of a difference. */
export function NettingActions({ netting }: { netting: NettingStatement }) {
  const { t } = useTranslation('nettings')
  const format = useFormat()
  const client = useQueryClient()
  const canWrite = usePermission('ledger.write')
  const [isAsking, setAsking] = useState(false)
  const [reference, setReference] = useState('')
  const { id, state, currency, payer } = netting
  const isDraft = state === 'draft'
  const settle = useMutation({
    mutationFn: () => (isDraft ? confirmNetting(id) : payNetting(id, { reference })),
    onSuccess: async (next) => {
      setAsking(false)
      toast(t(isDraft ? 'confirmed' : 'paid'))
      client.setQueryData(nettingQuery(id).queryKey, next)
      await client.invalidateQueries({ queryKey: ['nettings', 'page'] })
      await client.invalidateQueries({ queryKey: ['ledger'] })
    },
  })
  if (!canWrite || (!isDraft && state !== 'confirmed')) return null
  const title = t('one', { id })
  const action = t(isDraft ? 'confirm' : 'pay')
  const difference = format.money(netting.difference, currency)
  return (
    <>
      <ActionDock label={title} status={null}>
        <Button variant="primary" onClick={() => setAsking(true)}>
          {action}
        </Button>
      </ActionDock>
      {isAsking ? (
        <ConfirmDialog
          title={title}
          confirm={action}
          isBusy={settle.isPending}
          error={settle.error}
          onConfirm={() => settle.mutate()}
          onClose={() => setAsking(false)}
        >
          <p>
            {isDraft
              ? t('confirmSure', { difference })
              : t(payer === 'customer' ? 'paidByThem' : 'paidByUs', { difference })}
          </p>
          {isDraft ? null : (
            <Field label={t('reference')} mark={t('optional')}>
              {(control) => (
                <Input
                  {...control}
                  value={reference}
                  maxLength={200}
                  onChange={(event) => setReference(event.target.value)}
                />
              )}
            </Field>
          )}
        </ConfirmDialog>
      ) : null}
    </>
  )
}
