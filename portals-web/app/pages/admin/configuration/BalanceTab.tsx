import { useQuery } from '@tanstack/react-query'
import { Download, Wallet } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import {
  balanceQuery,
  type BalanceView,
  type MovementView,
  type Party,
  statementFile,
  statementQuery,
  type StatementView,
} from '~/api/ledger'
import type { Resource } from '~/api/resources'
import { ErrorNotice } from '~/components/ErrorNotice'
import { PaymentForm } from '~/forms/payment-form'
import { useFormat } from '~/hooks/use-format'
import { usePermission } from '~/hooks/use-permission'
import { Button, buttonClass } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Facts } from '~/ui/lib/Facts'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { Skeleton } from '~/ui/lib/Skeleton'
import { isNegative, isZero, NO_VALUE } from '~/util/money'

/** What a customer or carrier has, what moved, and where a payment is posted. */
export function BalanceTab({ party, resource }: { party: Party; resource: Resource }) {
  const { t } = useTranslation('ledger')
  const balance = useQuery(balanceQuery(party, resource.id))
  const statement = useQuery(statementQuery(party, resource.id))
  const canPay = usePermission('ledger.write')
  const [isPaying, setPaying] = useState(false)
  const error = balance.error ?? statement.error
  if (error && !(balance.data && statement.data)) {
    const retry = () => void Promise.all([balance.refetch(), statement.refetch()])
    return <ErrorNotice error={error} onRetry={retry} />
  }
  if (!balance.data || !statement.data) return <Skeleton className="h-40" />
  return (
    <div className="flex flex-col gap-4">
      <Panel
        title={t('balance')}
        actions={
          canPay ? (
            <Button onClick={() => setPaying(true)}>
              <Wallet aria-hidden size={16} strokeWidth={1.75} />
              {t('pay.open')}
            </Button>
          ) : null
        }
      >
        <Balance balance={balance.data} hasCredit={party === 'customers'} />
      </Panel>
      <Panel
        title={t('movements')}
        padded={false}
        actions={
          <a href={statementFile(party, resource.id)} download className={buttonClass()}>
            <Download aria-hidden size={16} strokeWidth={1.75} />
            {t('export')}
          </a>
        }
      >
        <Movements statement={statement.data} />
      </Panel>
      {isPaying ? (
        <PaymentForm party={party} resource={resource} onClose={() => setPaying(false)} />
      ) : null}
    </div>
  )
}

function Balance({ balance, hasCredit }: { balance: BalanceView; hasCredit: boolean }) {
  const { t } = useTranslation('ledger')
  const format = useFormat()
  const { currency, by_currency, credit_limit } = balance
  const owes = isZero(balance.balance) ? 'even' : isNegative(balance.balance) ? 'debit' : 'credit'
  const others = by_currency.filter((each) => each.currency !== currency)
  return (
    <Facts
      facts={[
        {
          label: t(owes),
          value: <strong>{format.money(balance.balance, currency)}</strong>,
        },
        ...others.map((each) => ({
          label: t('inCurrency', { currency: each.currency }),
          value: format.money(each.amount, each.currency),
        })),
        ...(hasCredit
          ? [
              {
                label: t('creditLimit'),
                value: credit_limit === null ? t('noLimit') : format.money(credit_limit, currency),
              },
            ]
          : []),
      ]}
    />
  )
}

function Movements({ statement }: { statement: StatementView }) {
  const { t } = useTranslation('ledger')
  const format = useFormat()
  const { movements, currency } = statement
  if (movements.length === 0) {
    return (
      <EmptyState icon={Wallet} title={t('noMovements')}>
        {t('noMovementsBody')}
      </EmptyState>
    )
  }
  const what = ({ kind, count }: MovementView) =>
    kind === 'calls' || kind === 'corrections'
      ? t(`movement.${kind}`, { count })
      : t(`movement.${kind as 'payment'}`)
  return (
    <PlainTable<[MovementView, number]>
      label={t('movements')}
      rows={movements.map((movement, at): [MovementView, number] => [movement, at]).toReversed()}
      rowKey={([, at]) => String(at)}
      columns={[
        {
          id: 'at',
          header: t('at'),
          cell: ([{ at, kind }]) =>
            kind === 'calls' || kind === 'corrections'
              ? at.slice(0, 10)
              : `${at.slice(0, 10)} ${at.slice(11, 16)}`,
        },
        { id: 'kind', header: t('kind'), cell: ([movement]) => what(movement) },
        {
          id: 'amount',
          header: t('amount'),
          align: 'end',
          cell: ([movement]) => format.money(movement.amount, movement.currency),
        },
        {
          id: 'balance',
          header: t('after'),
          align: 'end',
          cell: ([movement]) => format.money(movement.balance, currency),
        },
        { id: 'text', header: t('text'), cell: ([{ entry }]) => textOf(entry) },
      ]}
    />
  )
}

function textOf(entry: MovementView['entry']): string {
  const details: Record<string, unknown> = { ...entry?.details }
  const texts = [details['reason'], details['reference'], details['note']]
  const found = texts.filter((each): each is string => typeof each === 'string')
  return found.join('; ') || NO_VALUE
}
