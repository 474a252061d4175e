import type { errors as english } from '../en/errors'
import type { Translation } from '../translation'

/** One entry for each code of `api/errors.ts`. The advice says what to do. */
export const errors: Translation<typeof english> = {
  'bad-request': {
    title: 'La solicitud no es válida',
    advice: 'Revisar los valores de la dirección o del formulario.',
  },
  'confirm-identity': {
    title: 'No se confirmó la identidad',
    advice: 'Repetir la acción y dar la contraseña cuando se pida.',
  },
  conflict: {
    title: 'No encaja con lo que hay',
    advice: 'Ver los motivos, cambiar lo que nombran y probar de nuevo.',
  },
  csrf: {
    title: 'Esta página está desactualizada',
    advice: 'Recargar la página y probar de nuevo.',
  },
  forbidden: {
    title: 'El rol no permite esto',
    advice: 'Pedir el permiso a quien pueda darlo.',
  },
  internal: {
    title: 'El switch tuvo un error',
    advice: 'Probar de nuevo. El registro del switch tiene la causa.',
  },
  invalid: {
    title: 'Algunos campos son incorrectos',
    advice: 'Corregir los campos marcados.',
  },
  'not-found': {
    title: 'No encontrado',
    advice: 'Puede haberse eliminado, o la dirección está incompleta.',
  },
  'passkey-cancelled': {
    title: 'No se dio ninguna llave de acceso',
    advice: 'La pregunta del navegador se cerró o tardó demasiado. Probar de nuevo.',
  },
  'passkey-known': {
    title: 'Este dispositivo ya tiene una llave de acceso de este usuario',
    advice: 'Usarla, o tomar otro dispositivo.',
  },
  'passkey-refused': {
    title: 'No se acepta esta llave de acceso',
    advice: 'Puede haberse quitado. Iniciar sesión con la contraseña.',
  },
  'second-factor-refused': {
    title: 'Este código es incorrecto',
    advice: 'Escribir el código que la aplicación muestra ahora, o un código de recuperación.',
  },
  'second-factor-required': {
    title: 'Primero hay que configurar un segundo factor',
    advice: 'El rol lo exige. Se hace en la página de seguridad de la cuenta.',
  },
  'sign-in-refused': {
    title: 'El usuario o la contraseña son incorrectos',
    advice: 'Revisar ambos y probar de nuevo.',
  },
  'slow-down': {
    title: 'Demasiados intentos seguidos',
    advice: 'Esperar un momento antes del próximo intento.',
    wait_one: 'Esperar {{count}} segundo antes del próximo intento.',
    wait_many: 'Esperar {{count}} de segundos antes del próximo intento.',
    wait_other: 'Esperar {{count}} segundos antes del próximo intento.',
  },
  'stale-token': {
    title: 'Esto ya no es válido',
    advice: 'Tardó demasiado o ya se usó. Empezar de nuevo.',
  },
  'too-large': {
    title: 'Es demasiado de una vez',
    advice: 'Dividirlo en partes más pequeñas.',
  },
  unauthenticated: {
    title: 'La sesión está cerrada',
    advice: 'Iniciar sesión para continuar.',
  },
  unavailable: {
    title: 'El switch no puede hacer esto ahora',
    advice: 'Probar de nuevo en un momento.',
  },
  unknown: {
    title: 'Algo salió mal',
    advice: 'Probar de nuevo. Si persiste, recargar la página.',
  },
  'version-changed': {
    title: 'Otra persona lo cambió entretanto',
    advice: 'Ver la versión más reciente y cambiarla de nuevo.',
  },
  unreachable: {
    title: 'No se puede conectar con el switch',
    advice: 'Revisar la red. La página prueba de nuevo por sí sola.',
  },
}
