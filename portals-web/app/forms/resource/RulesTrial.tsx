import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { NumberFacts, RuleResult } from '~/api/__generated__/schema'
import { rulesTrialQuery, SAMPLES_MAX } from '~/api/numbers'
import type { Kind } from '~/api/resources'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useFieldWords } from '~/hooks/use-field-words'
import { useDebounced } from '~/hooks/use-debounced'
import { usePermission } from '~/hooks/use-permission'
import { Badge } from '~/ui/lib/Badge'
import { Field, TextArea } from '~/ui/lib/Field'
import { Panel } from '~/ui/lib/Panel'
import { type PlainColumn, PlainTable } from '~/ui/lib/PlainTable'
import { Skeleton } from '~/ui/lib/Skeleton'

import { writeOf } from './draft'
import type { ResourceForm } from './use-resource-form'

/** How long typing rests before the switch is asked: it counts what takes it long. */
const PAUSE_MS = 600

export interface RulesTrialProps {
  kind: Kind
  form: ResourceForm
}

/** Tries the rules of the form, as they stand there, on sample numbers. Nothing is saved. */
export function RulesTrial({ kind, form }: RulesTrialProps) {
  const { t } = useTranslation('fields')
  const mayTry = usePermission('explain.use')
  const [typed, setTyped] = useState('')
  const question = useDebounced(
    JSON.stringify([writeOf(form.draft, kind).spec, linesOf(typed)]),
    PAUSE_MS,
  )
  const [rules, numbers] = JSON.parse(question) as Parameters<typeof rulesTrialQuery>
  const isTooMany = numbers.length > SAMPLES_MAX
  const isAsked = mayTry && numbers.length > 0 && !isTooMany
  const trial = useQuery({ ...rulesTrialQuery(rules, numbers), enabled: isAsked })
  if (!mayTry) return null
  return (
    <Panel title={t('trial.title')}>
      <div className="flex flex-col gap-4">
        <Field
          label={t('trial.numbers')}
          help={t('trial.numbersHelp')}
          error={isTooMany ? t('trial.tooMany', { count: SAMPLES_MAX }) : undefined}
        >
          {(control) => (
            <TextArea
              {...control}
              rows={3}
              spellCheck={false}
              value={typed}
              placeholder={t('oneALine')}
              onChange={(event) => setTyped(event.target.value)}
              className="font-mono text-body!"
            />
          )}
        </Field>
        {isAsked ? (
          <Results
            results={trial.error ? null : (trial.data?.results ?? null)}
            error={trial.error}
          />
        ) : (
          <p className="text-ink-3">{t('trial.empty')}</p>
        )}
      </div>
    </Panel>
  )
}

function Results({ results, error }: { results: readonly RuleResult[] | null; error: unknown }) {
  const { t } = useTranslation('fields')
  if (error) return <ProblemNotice error={error} title={t('trial.failed')} />
  if (!results) {
    return (
      <div role="status" aria-label={t('trial.busy')}>
        <Skeleton className="h-24" />
      </div>
    )
  }
  const columns: PlainColumn<RuleResult>[] = [
    { id: 'number', header: t('trial.number'), cell: ({ number }) => <Mono text={number} /> },
    { id: 'rule', header: t('trial.rule'), cell: ({ rule }) => <Rule rule={rule} /> },
    { id: 'result', header: t('trial.result'), cell: ({ result }) => <Mono text={result} /> },
    { id: 'class', header: t('trial.class'), cell: ({ facts }) => <Facts facts={facts} /> },
  ]
  return (
    <PlainTable
      label={t('trial.results')}
      columns={columns}
      rows={results}
      rowKey={({ number }) => number}
    />
  )
}

function Mono({ text }: { text: string }) {
  return <span className="font-mono break-all">{text}</span>
}

function Rule({ rule }: { rule: number | null }) {
  const { t } = useTranslation('fields')
  if (rule === null) return <span className="text-ink-3">{t('trial.noRule')}</span>
  return (
    <Badge tone="primary" plain>
      {t('trial.ruleNumber', { number: rule + 1 })}
    </Badge>
  )
}

function Facts({ facts }: { facts: NumberFacts | null }) {
  const words = useFieldWords()
  const { t } = useTranslation('fields')
  if (!facts) return <span className="text-ink-3">{t('trial.noNumber')}</span>
  const parts = [facts.class ? words.choice(facts.class) : t('trial.noClass'), facts.country]
  const text = parts.filter((word) => word !== null).join(', ')
  return facts.is_valid
    ? text
    : `${text}: ${t(facts.is_possible ? 'trial.noRange' : 'trial.noLength')}`
}

/** Each number once, in the order in which they are written. */
function linesOf(text: string): string[] {
  const lines = text.split(/[\n,;]/).map((line) => line.trim())
  return [...new Set(lines.filter((line) => line !== ''))]
}
