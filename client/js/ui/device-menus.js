/**
 * The menus of camera and microphone in a call. What is plugged in while it is open is in them.
 */

import { remember } from '../core/storage.js';
import { DEVICES, listDevices } from '../rtc/devices.js';
import { fill, idInUse } from './prejoin.js';

/** @import { Device } from '../rtc/devices.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */

/**
 * @param {Record<Device, HTMLSelectElement>} menus
 * @param {LocalMedia} media
 * @returns {() => Promise<void>} Looks again which there are.
 */
export function deviceMenus(menus, media) {
  const show = async () => {
    const devices = await listDevices();
    for (const device of DEVICES) fill(menus[device], devices[device], idInUse(media, device));
  };
  for (const device of DEVICES) {
    menus[device].addEventListener('change', () => {
      remember(device, menus[device].value);
      media.choose(device, menus[device].value);
    });
  }
  media.on('change', () => void show());
  return show;
}
