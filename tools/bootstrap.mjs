// placeholder: replaced in the same session
