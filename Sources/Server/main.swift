print("mailportal")
