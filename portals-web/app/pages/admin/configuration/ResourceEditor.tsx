import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Kind, Resource, ResourceWrite } from '~/api/resources'
import { errorCode } from '~/api/errors'
import { ActionDock } from '~/components/ActionDock'
import { LeaveGuard } from '~/components/LeaveGuard'
import { ProblemNotice } from '~/components/ProblemNotice'
import { CallTrial } from '~/forms/resource/CallTrial'
import { AssignmentFields } from '~/forms/resource/AssignmentFields'
import { FaultSummary, focusField } from '~/forms/resource/FaultSummary'
import { MetaFields, NoteField } from '~/forms/resource/MetaFields'
import { RulesTrial } from '~/forms/resource/RulesTrial'
import type { ResourceForm } from '~/forms/resource/use-resource-form'
import { useChangeSetChoice } from '~/forms/use-change-set-choice'
import { SpecFormContext } from '~/forms/spec/context'
import { SpecFields } from '~/forms/spec/SpecFields'
import { useShortcut } from '~/hooks/use-shortcut'
import { Button } from '~/ui/lib/Button'
import { fieldsOfSection } from '~/util/schema'
import { inSentence } from '~/util/sentence'
import type { ResourceTab } from '~/util/searches'

import { TabList } from './TabList'

export interface ResourceEditorProps {
  kind: Kind
  /** Null for a new one. */
  resource: Resource | null
  form: ResourceForm
  tabs: readonly ResourceTab[]
  active: ResourceTab
  onTab: (tab: ResourceTab) => void
  /** Sends it; throws what speaks against it. */
  onSave: (write: ResourceWrite) => Promise<void>
  /** Puts it into a change set; null where drafts are not allowed. */
  onDraft: ((write: ResourceWrite, changeSet: number) => Promise<void>) | null
  /** The form holds a draft of this change set: what is saved goes back into it. */
  changeSet?: number | null
  /** Between Cancel and the primary action. */
  actions?: ReactNode
  /** What the tabs show that are not part of the form. */
  children?: ReactNode
}

const FORM_TABS: ReadonlySet<ResourceTab> = new Set(['general', 'advanced', 'assignment'])

/** The form of one resource: its tabs, its faults, and the dock with what can be done. */
export function ResourceEditor(props: ResourceEditorProps) {
  const { kind, resource, form, tabs, active, onTab, actions, children, changeSet = null } = props
  const { t } = useTranslation(['configuration', 'changeSets'])
  const choice = useChangeSetChoice()
  const saving = useSaving(props)
  const isDirty = form.changed.length > 0
  const isFormTab = FORM_TABS.has(active)
  const canSave = kind.can_write && (isDirty || resource === null)
  const go = (path: string) => {
    onTab(tabOf(path, kind))
    // The field is there after the next paint.
    setTimeout(() => focusField(path), 50)
  }
  const toDraft = async (write: ResourceWrite) => {
    const into = changeSet ?? (await choice.choose())
    if (into !== null) await props.onDraft?.(write, into)
  }
  const saveDraft = () => saving.save(go, toDraft)
  const save = () => (changeSet === null ? saving.save(go, props.onSave) : saveDraft())
  useShortcut('save', save, canSave)

  return (
    <SpecFormContext value={form.specForm}>
      <LeaveGuard isDirty={isDirty} />
      <TabList tabs={tabs} active={active} faults={countByTab(form, kind)} />
      <div className="max-w-240 p-5">
        {isFormTab ? (
          <>
            <form
              noValidate
              className="flex flex-col gap-5"
              onSubmit={(event) => {
                event.preventDefault()
                if (canSave) save()
              }}
            >
              {kind.can_write ? null : (
                <p role="note" className="rounded-control bg-subtle px-3 py-2 text-ink-2">
                  {t('readOnly')}
                </p>
              )}
              <FaultSummary faults={form.faults} onGo={go} />
              {saving.error && form.faults.size === 0 ? (
                <ProblemNotice error={saving.error} />
              ) : null}
              <FormTab kind={kind} form={form} tab={active} />
              {isDirty && resource ? <NoteField form={form} /> : null}
              {/* Enter in a field sends the form; the visible button is in the dock. */}
              <button type="submit" hidden aria-hidden tabIndex={-1} />
            </form>
            {resource ? <Trial kind={kind} resource={resource} tab={active} /> : null}
          </>
        ) : (
          children
        )}
      </div>
      {kind.can_write && (isFormTab || isDirty) ? (
        <ActionDock
          label={resource ? resource.name : t('createTitle', { kind: inSentence(kind.title) })}
          status={isDirty && resource ? t('form.dirty', { count: form.changed.length }) : null}
        >
          {isDirty && resource ? (
            <Button onClick={() => form.restart(form.base)}>{t('form.discard')}</Button>
          ) : null}
          {actions}
          {props.onDraft ? (
            <Button
              variant={changeSet === null ? 'secondary' : 'primary'}
              disabled={!canSave || saving.isBusy}
              onClick={saveDraft}
            >
              {t('changeSets:record.save')}
            </Button>
          ) : null}
          {changeSet === null ? (
            <Button variant="primary" disabled={!canSave || saving.isBusy} onClick={save}>
              {t(saveWord(resource !== null, saving.isBusy))}
            </Button>
          ) : null}
        </ActionDock>
      ) : null}
      {choice.dialog}
    </SpecFormContext>
  )
}

interface FormTabProps {
  kind: Kind
  form: ResourceForm
  tab: ResourceTab
}

function FormTab({ kind, form, tab }: FormTabProps) {
  if (tab === 'assignment') return <AssignmentFields form={form} />
  if (tab === 'advanced') {
    return <SpecFields fields={fieldsOfSection(kind.schema, 'advanced')} />
  }
  return (
    <>
      <MetaFields form={form} />
      <SpecFields fields={fieldsOfSection(kind.schema, 'general')} />
      {kind.kind === 'translation_rules' ? <RulesTrial kind={kind} form={form} /> : null}
    </>
  )
}

/** Where what is in force can be tried: beside what makes something of the numbers of calls. */
function Trial({ kind, resource, tab }: { kind: Kind; resource: Resource; tab: ResourceTab }) {
  const isOfNumbers = kind.kind === 'number_list' || kind.kind === 'cli_rules'
  if (isOfNumbers && tab === 'general') return <CallTrial />
  if (kind.kind === 'customer' && tab === 'advanced') return <CallTrial customer={resource.name} />
  return null
}

function saveWord(isThere: boolean, isBusy: boolean) {
  if (isThere) return isBusy ? 'form.saving' : 'form.save'
  return isBusy ? 'form.creating' : 'form.create'
}

function useSaving({ form }: ResourceEditorProps) {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const save = (onFault: (path: string) => void, send: (write: ResourceWrite) => Promise<void>) => {
    if (isBusy) return
    setError(null)
    const write = form.check()
    if (!write) {
      // The faults are there after the next paint; the summary names the first.
      setTimeout(() => {
        const first = document.querySelector<HTMLElement>('[data-field][aria-invalid="true"]')
        first?.focus()
      }, 50)
      return
    }
    setBusy(true)
    send(write)
      .catch((failure: unknown) => {
        form.takeProblem(failure)
        if (errorCode(failure) !== 'version-changed') setError(failure)
        const first = firstField(failure)
        if (first) onFault(first)
      })
      .finally(() => setBusy(false))
  }
  return { isBusy, error, save }
}

function firstField(failure: unknown): string | undefined {
  const fields =
    typeof failure === 'object' && failure !== null && 'fieldErrors' in failure
      ? (failure.fieldErrors as { field?: string | null }[])
      : []
  return fields[0]?.field?.replace(/^spec\./, '') ?? undefined
}

/** The tab that a field is on. */
function tabOf(path: string, kind: Kind): ResourceTab {
  if (path.startsWith('assign')) return 'assignment'
  const field = kind.schema.properties?.[path.split(/[.[]/)[0] ?? '']
  return field?.['x-section'] === 'advanced' ? 'advanced' : 'general'
}

function countByTab(form: ResourceForm, kind: Kind): Partial<Record<ResourceTab, number>> {
  const counts: Partial<Record<ResourceTab, number>> = {}
  for (const path of form.faults.keys()) {
    const tab = tabOf(path, kind)
    counts[tab] = (counts[tab] ?? 0) + 1
  }
  return counts
}
