"""How close images are to the clean ones: PSNR, SSIM, MS-SSIM, VIF, LPIPS, VGG16 features."""
