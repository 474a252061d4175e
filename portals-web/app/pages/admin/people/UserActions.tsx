import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { User } from '~/api/__generated__/schema'
import { removeUser, removeUserFactors, resetUserPassword, signUserOut } from '~/api/people'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { useFormat } from '~/hooks/use-format'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { Facts } from '~/ui/lib/Facts'
import { Panel } from '~/ui/lib/Panel'
import { NO_VALUE } from '~/util/money'
import { pb } from '~/util/path-builder'

const ACTS = {
  reset: resetUserPassword,
  factors: removeUserFactors,
  signOut: signUserOut,
  remove: removeUser,
}
type Act = keyof typeof ACTS

/** What helps somebody who is locked out, or locks somebody out. Each is asked for once. */
export function UserActions({ user }: { user: User }) {
  const { t } = useTranslation('people')
  const format = useFormat()
  const client = useQueryClient()
  const router = useRouter()
  const [act, setAct] = useState<Act | null>(null)
  const doing = useMutation({
    mutationFn: (which: Act) => ACTS[which](user.id),
    onSuccess: async (_, which) => {
      setAct(null)
      toast(t(`act.${which}.done`, { name: user.username }))
      if (which === 'remove') await router.navigate({ ...pb.users(), replace: true })
      await client.invalidateQueries({ queryKey: ['people'] })
    },
  })
  const open = (which: Act) => {
    doing.reset()
    setAct(which)
  }
  return (
    <div className="flex flex-col gap-4">
      <Panel title={t('user.account')}>
        <Facts
          facts={[
            { label: t('email'), value: user.email ?? NO_VALUE },
            {
              label: t('users.lastSignIn'),
              value: user.last_sign_in_at
                ? `${format.dateTime(user.last_sign_in_at)} ${format.zoneName}`
                : NO_VALUE,
            },
            {
              label: t('user.since'),
              value: `${format.dateTime(user.created_at)} ${format.zoneName}`,
            },
          ]}
        />
      </Panel>
      <Panel title={t('user.help')}>
        <div className="flex flex-wrap gap-2">
          {(Object.keys(ACTS) as Act[]).map((which) => (
            <Button
              key={which}
              variant={which === 'remove' ? 'danger' : 'secondary'}
              onClick={() => open(which)}
            >
              {t(`act.${which}.button`)}
            </Button>
          ))}
        </div>
      </Panel>
      {act ? (
        <ConfirmDialog
          title={t(`act.${act}.title`, { name: user.username })}
          confirm={t(`act.${act}.button`)}
          isDanger={act === 'remove'}
          isBusy={doing.isPending}
          error={doing.error}
          onConfirm={() => doing.mutate(act)}
          onClose={() => setAct(null)}
        >
          <p>{t(`act.${act}.body`)}</p>
        </ConfirmDialog>
      ) : null}
    </div>
  )
}
