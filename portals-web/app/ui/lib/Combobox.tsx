import { clsx } from 'clsx'
import { type ComponentProps, type KeyboardEvent, useId, useState } from 'react'

import { Input } from './Field'

export interface ComboboxProps extends Omit<ComponentProps<'input'>, 'value' | 'onChange'> {
  value: string
  onChange: (value: string) => void
  /** What is offered for the typed text, best first. */
  options: readonly string[]
  /** The accessible name of the list. */
  listLabel: string
  /** Called when one is chosen, not at each letter. */
  onChoose?: (value: string) => void
}

/** A text with suggestions, as ARIA describes a combobox with a list. Any text may be typed. */
export function Combobox({
  value,
  onChange,
  options,
  listLabel,
  onChoose,
  className,
  ...rest
}: ComboboxProps) {
  const [isOpen, setOpen] = useState(false)
  const [at, setAt] = useState(-1)
  const [wasTyped, setTyped] = useState(false)
  const listId = useId()
  // Whoever has typed a name to its end is done; the list would only cover what comes next.
  const isComplete = wasTyped && options.includes(value)
  const shown = isOpen && options.length > 0 && !isComplete
  const open = () => {
    setOpen(true)
    setTyped(false)
  }
  const choose = (option: string | undefined) => {
    if (option === undefined) return
    onChange(option)
    onChoose?.(option)
    setOpen(false)
  }
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === 'ArrowDown') {
      open()
      setAt(Math.min(at + 1, options.length - 1))
    } else if (event.key === 'ArrowUp' && shown) setAt(Math.max(at - 1, 0))
    else if (event.key === 'Enter' && shown && at >= 0) choose(options[at])
    else if (event.key === 'Enter' && onChoose && value.trim()) choose(value.trim())
    else if (event.key === 'Escape' && shown) setOpen(false)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <span className="relative block">
      <Input
        {...rest}
        role="combobox"
        aria-expanded={shown}
        aria-controls={shown ? listId : undefined}
        aria-autocomplete="list"
        aria-activedescendant={shown && at >= 0 ? `${listId}-${at}` : undefined}
        autoComplete="off"
        spellCheck={false}
        value={value}
        className={className}
        onChange={(event) => {
          onChange(event.target.value)
          setOpen(true)
          setTyped(true)
          setAt(-1)
        }}
        onFocus={(event) => {
          setAt(-1)
          rest.onFocus?.(event)
        }}
        onClick={open}
        onBlur={(event) => {
          setOpen(false)
          rest.onBlur?.(event)
        }}
        onKeyDown={onKeyDown}
      />
      {shown ? (
        <div
          id={listId}
          role="listbox"
          aria-label={listLabel}
          className="layer-popover absolute inset-x-0 top-full mt-1 max-h-64 overflow-y-auto rounded-panel bg-overlay p-1 shadow-layer"
        >
          {options.map((option, index) => (
            // Keys are handled by the input, which keeps the focus.
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
            <div
              key={option}
              id={`${listId}-${index}`}
              role="option"
              aria-selected={option === value}
              // Before the input loses the focus, which would close the list.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(option)}
              onMouseMove={() => setAt(index)}
              className={clsx(
                'flex h-8 items-center truncate rounded-control px-2 text-body',
                index === at && 'bg-hover',
                option === value && 'font-medium text-link',
              )}
            >
              {option}
            </div>
          ))}
        </div>
      ) : null}
    </span>
  )
}
