import { clsx } from 'clsx'
import { Search } from 'lucide-react'
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Dialog } from '~/ui/lib/Dialog'
import { Kbd } from '~/ui/lib/Kbd'

import { type Command, type CommandEnds, useCommands } from './commands'

export interface CommandPaletteProps extends CommandEnds {
  onClose: () => void
}

/** Type to find, arrows to choose, Enter to go. A combobox over a list, as ARIA describes it. */
export function CommandPalette({ onClose, ...ends }: CommandPaletteProps) {
  const { t } = useTranslation(['palette', 'common'])
  const [query, setQuery] = useState('')
  const [chosen, setChosen] = useState(0)
  const inputRef = useRef<HTMLInputElement>(null)
  const listId = useId()
  const commands = useCommands(query, ends)
  const at = Math.min(chosen, commands.length - 1)
  const optionId = (index: number) => `${listId}-${index}`

  useEffect(() => {
    document.getElementById(`${listId}-${at}`)?.scrollIntoView({ block: 'nearest' })
  }, [listId, at])

  const run = (command: Command | undefined) => {
    if (!command) return
    onClose()
    command.run()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setChosen(Math.min(at + 1, commands.length - 1))
    else if (event.key === 'ArrowUp') setChosen(Math.max(at - 1, 0))
    else if (event.key === 'Enter') run(commands[at])
    else return
    event.preventDefault()
  }

  return (
    <Dialog
      title={t('search.title')}
      closeLabel={t('common:close')}
      heading={false}
      place="top"
      initialFocus={inputRef}
      onClose={onClose}
    >
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <Search aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-ink-3" />
        <input
          ref={inputRef}
          role="combobox"
          aria-expanded
          aria-controls={listId}
          aria-activedescendant={commands.length > 0 ? optionId(at) : undefined}
          aria-label={t('search.title')}
          placeholder={t('search.placeholder')}
          autoComplete="off"
          spellCheck={false}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value)
            setChosen(0)
          }}
          onKeyDown={onKeyDown}
          className="h-12 grow bg-transparent text-form outline-none placeholder:text-ink-3"
        />
      </div>
      <div
        id={listId}
        role="listbox"
        aria-label={t('search.title')}
        className="min-h-24 overflow-y-auto p-1.5"
      >
        {commands.map((command, index) => (
          <div key={command.id} role="presentation">
            {commands[index - 1]?.group === command.group ? null : (
              <p role="presentation" className="px-2.5 pt-2 pb-1 text-meta text-ink-3">
                {t(`search.${command.group}`)}
              </p>
            )}
            {/* Keys are handled by the input, which keeps the focus. */}
            {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus */}
            <div
              id={optionId(index)}
              role="option"
              aria-selected={index === at}
              onClick={() => run(command)}
              onMouseMove={() => setChosen(index)}
              className={clsx(
                'flex h-9 items-center gap-2.5 rounded-control px-2.5',
                index === at && 'bg-selected',
              )}
            >
              <command.icon
                aria-hidden
                size={16}
                strokeWidth={1.75}
                className={clsx('shrink-0', index === at ? 'text-link' : 'text-ink-3')}
              />
              <span className="grow truncate">{command.label}</span>
              {command.hint ? (
                <span className="shrink-0 text-meta text-ink-3">{command.hint}</span>
              ) : null}
            </div>
          </div>
        ))}
        {commands.length === 0 ? (
          <p className="px-2.5 py-8 text-center text-ink-2">{t('search.empty', { query })}</p>
        ) : null}
      </div>
      <footer className="flex items-center gap-4 border-t border-line px-4 py-2 text-meta text-ink-3">
        <span className="flex items-center gap-1">
          <Kbd>↑</Kbd>
          <Kbd>↓</Kbd> {t('search.hintMove')}
        </span>
        <span className="flex items-center gap-1">
          <Kbd>Enter</Kbd> {t('search.hintOpen')}
        </span>
        <span className="flex items-center gap-1">
          <Kbd>Esc</Kbd> {t('search.hintClose')}
        </span>
        <span role="status" className="ms-auto">
          {t('search.results', { count: commands.length })}
        </span>
      </footer>
    </Dialog>
  )
}
