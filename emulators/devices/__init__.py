"""Emulated PPMID, IHD, HCALCS and Communications Hub: what each does with an image."""
