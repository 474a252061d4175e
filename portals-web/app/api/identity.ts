type Ask = () => Promise<boolean>

let ask: Ask | null = null

/**
 * Who is asked when the switch wants to know that the user still sits here. The shell answers with
 * a dialog; the request that wanted it is then sent again.
 */
export function setIdentityPrompt(prompt: Ask | null): void {
  ask = prompt
}

/** Whether an answer only wants the user to confirm, and the user did. */
export async function isConfirmed(response: Response): Promise<boolean> {
  if (response.status !== 403 || ask === null) return false
  const problem: unknown = await response
    .clone()
    .json()
    .catch(() => null)
  const wants =
    typeof problem === 'object' &&
    problem !== null &&
    'type' in problem &&
    problem.type === '/problems/confirm-identity'
  return wants && ask()
}
