"""HTTP of this floor, a module a subject; `guard` is what every router builds on."""
